--[[
  Moves an event between the outbox and the dead letters.
  KEYS[1] from  [2] to
  ARGV[1] entry  [2] the reason of a dead letter, or ''  [3] maximum of entries there, the oldest are dropped; 0: unlimited
  -> 1 moved | 0 it is not there any more
]]
local found = redis.call('XRANGE', KEYS[1], ARGV[1], ARGV[1])[1]
if not found then return 0 end
local fields = {}
for i = 1, #found[2], 2 do
  if found[2][i] ~= 'reason' then
    fields[#fields + 1] = found[2][i]
    fields[#fields + 1] = found[2][i + 1]
  end
end
if ARGV[2] ~= '' then
  fields[#fields + 1] = 'reason'
  fields[#fields + 1] = ARGV[2]
end
redis.call('XADD', KEYS[2], '*', unpack(fields))
if tonumber(ARGV[3]) > 0 then redis.call('XTRIM', KEYS[2], 'MAXLEN', ARGV[3]) end
redis.call('XDEL', KEYS[1], ARGV[1])
return 1

--[[
  Checks that these saves are still the last of their records. Writes, so that a WAIT on this connection covers them.
  KEYS[1] mark  [2…] records
  ARGV[1…] their save ids
  -> 1 or 0 for each
]]
redis.call('SET', KEYS[1], '', 'PX', 60000)
local same = {}
for i, id in ipairs(ARGV) do
  same[i] = redis.call('HGET', KEYS[i + 1], 'w') == id and 1 or 0
end
return same

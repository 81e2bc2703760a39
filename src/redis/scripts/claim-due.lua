--[[
  Takes what is due and pushes it forward, so that a claimer that dies loses nothing.
  KEYS[1] due
  ARGV[1] most  [2] push (ms)
  -> { now (ms), members }
]]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local members = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, ARGV[1])
for _, member in ipairs(members) do
  redis.call('ZADD', KEYS[1], 'XX', now + ARGV[2], member)
end
return { now, members }

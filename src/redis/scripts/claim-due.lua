--[[
  Claims due entries by moving their scores forward, so that claims of a crashed node become due again.
  KEYS[1] due
  ARGV[1] most  [2] push (ms)  [3] the caller's time (ms): the later one counts
  -> { now (ms), members }
]]
local time = redis.call('TIME')
local now = math.max(time[1] * 1000 + math.floor(time[2] / 1000), tonumber(ARGV[3] or '0'))
local members = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, ARGV[1])
for _, member in ipairs(members) do
  redis.call('ZADD', KEYS[1], 'XX', now + ARGV[2], member)
end
return { now, members }

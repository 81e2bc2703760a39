--[[
  Moves the wake-ups of an app's accounts in some states forward, spread; never later than they are. Idempotent. Which of
  them have something to do then their own state says: the claim of another only puts it back.
  KEYS[1] due  [2] by-app  [3..] by-state:<state>, of each state
  ARGV[1] spread (ms)  [2] the caller's time (ms): the later one counts
  -> how many may wait
]]
local time = redis.call('TIME')
local now = math.max(time[1] * 1000 + math.floor(time[2] / 1000), tonumber(ARGV[2] or '0'))
local woken = 0
for i = 3, #KEYS do
  for _, id in ipairs(redis.call('ZINTER', 2, KEYS[i], KEYS[2])) do
    local hash = tonumber(string.sub(redis.sha1hex(id), 1, 8), 16) / 4294967296
    redis.call('ZADD', KEYS[1], 'LT', now + math.floor(hash * ARGV[1]), 'account:' .. id)
    woken = woken + 1
  end
end
return woken

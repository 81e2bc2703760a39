--[[
  Brings the wake-ups of an app's waiting accounts forward, spread; never later than they are. Idempotent.
  KEYS[1] due  [2] by-state:secret-expired  [3] by-app
  ARGV[1] spread (ms)
  -> how many wait
]]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local waiting = redis.call('ZINTER', 2, KEYS[2], KEYS[3])
for _, id in ipairs(waiting) do
  local hash = tonumber(string.sub(redis.sha1hex(id), 1, 8), 16) / 4294967296
  redis.call('ZADD', KEYS[1], 'LT', now + math.floor(hash * ARGV[1]), 'account:' .. id)
end
return #waiting

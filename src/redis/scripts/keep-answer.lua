--[[
  Keeps an answer beside its account's record, whatever that contains, and makes the account due soon.
  KEYS[1] arrived  [2] due
  ARGV[1] attempt  [2] the sealed answer  [3] member of due  [4] claim it after (ms)
  -> 1
]]
local time = redis.call('TIME')
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('ZADD', KEYS[2], time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[4], ARGV[3])
return 1

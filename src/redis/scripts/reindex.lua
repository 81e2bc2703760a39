--[[
  Restores the wake-up time of the snapshot after a timer that the state did not handle.
  KEYS[1] record  [2] due
  ARGV[1] version and [2] save id or '' it was read at  [3] wake-up (ms) or ''  [4] member
  -> 1 done | 0 the record has moved on: its save indexed it
]]
local stored = redis.call('HMGET', KEYS[1], 'v', 'w')
if stored[1] ~= ARGV[1] or (stored[2] or '') ~= ARGV[2] then return 0 end
if ARGV[3] == '' then redis.call('ZREM', KEYS[2], ARGV[4]) else redis.call('ZADD', KEYS[2], ARGV[3], ARGV[4]) end
return 1

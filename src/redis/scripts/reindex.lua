--[[
  Puts a wake-up that its state did not handle back to what the snapshot says.
  KEYS[1] record  [2] due
  ARGV[1] version it was read at  [2] wake-up (ms) or ''  [3] member
  -> 1 done | 0 the record has moved on: its save indexed it
]]
if redis.call('HGET', KEYS[1], 'v') ~= ARGV[1] then return 0 end
if ARGV[2] == '' then redis.call('ZREM', KEYS[2], ARGV[3]) else redis.call('ZADD', KEYS[2], ARGV[2], ARGV[3]) end
return 1

--[[
  Replaces a field of a hash if it is unchanged since it was read.
  KEYS[1] hash
  ARGV[1] field  [2] as read  [3] instead
  -> 1 done | 0 it has changed
]]
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
return 1

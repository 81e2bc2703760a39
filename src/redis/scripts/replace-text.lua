--[[
  Replaces a string if it still is what was read; it ends when it would have.
  KEYS[1] string
  ARGV[1] as read  [2] instead
  -> 1 done | 0 it has changed
]]
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'KEEPTTL')
return 1

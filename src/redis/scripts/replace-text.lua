--[[
  Replaces a string if it is unchanged since it was read; its expiry stays.
  KEYS[1] string
  ARGV[1] as read  [2] instead
  -> 1 done | 0 it has changed
]]
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'KEEPTTL')
return 1

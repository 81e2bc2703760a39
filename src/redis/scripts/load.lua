--[[
  Reads a record and the time atomically.
  KEYS[1] record
  ARGV[1] '1': record that its current generation was requested
  -> { now (ms), hash as a flat list of fields and values }
]]
local time = redis.call('TIME')
local record = redis.call('HGETALL', KEYS[1])
if ARGV[1] == '1' then
  local known = redis.call('HMGET', KEYS[1], 'g', 'used')
  -- A full or read-only Redis can still be read.
  if known[1] and known[1] ~= known[2] then redis.pcall('HSET', KEYS[1], 'used', known[1]) end
end
return { time[1] * 1000 + math.floor(time[2] / 1000), record }

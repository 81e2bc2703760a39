--[[
  Saves a record if it is still the one that was loaded: state, secrets, indexes and outbox, all or nothing.
  KEYS[1] record  [2] due  [3] outbox  [4] listing
  KEYS[5] by-app before  [6] by-app after  [7] by-state before  [8] by-state after   ('' of them: the record itself)
  KEYS[9] by-name  [10] where trimming the outbox stopped
  ARGV[1] version as loaded  [2] save id as loaded or ''  [3] save id  [4] snapshot  [5] generation
  ARGV[6] state or ''  [7] wake-up (ms) or ''  [8] app or ''
  ARGV[9] member of due  [10] id  [11] '1': a tombstone  [12] most outbox entries
  ARGV[13] names  [14] number of members by-name loses  [15] gains  [16] number of fields
  then the members it loses, those it gains, name and value of each field, value '' deletes
  then per outbox entry: id, type, time, body
  -> { 1 saved | 0 not, now (ms), version }
]]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local stored = redis.call('HMGET', KEYS[1], 'v', 'w')
local version = tonumber(stored[1] or '0')

-- A save whose reply was lost is not a lost save.
if version > 0 and stored[2] == ARGV[3] then return { 1, now, version } end
-- After a failover that forgot a save, another history may have reached the same version: its save id differs.
if version ~= tonumber(ARGV[1]) or (stored[2] or '') ~= ARGV[2] then return { 0, now, version } end
version = version + 1

local tombstone = ARGV[11] == '1'
if tombstone then redis.call('DEL', KEYS[1]) end
redis.call('HSET', KEYS[1], 'v', version, 'w', ARGV[3], 's', ARGV[4], 'g', ARGV[5])
local lost = 16 + tonumber(ARGV[14])
local gained = lost + tonumber(ARGV[15])
local last = gained + 2 * tonumber(ARGV[16])
if tombstone then
  redis.call('PEXPIRE', KEYS[1], 604800000)
else
  redis.call('PERSIST', KEYS[1])
  redis.call('HSET', KEYS[1], 'state', ARGV[6], 'app', ARGV[8], 'wake', ARGV[7], 'n', ARGV[13])
end
for i = gained + 1, last, 2 do
  if ARGV[i + 1] == '' then
    redis.call('HDEL', KEYS[1], ARGV[i])
  else
    redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1])
  end
end

if KEYS[5] ~= KEYS[1] and KEYS[5] ~= KEYS[6] then redis.call('ZREM', KEYS[5], ARGV[10]) end
if KEYS[7] ~= KEYS[1] and KEYS[7] ~= KEYS[8] then redis.call('ZREM', KEYS[7], ARGV[10]) end
if KEYS[6] ~= KEYS[1] then redis.call('ZADD', KEYS[6], 0, ARGV[10]) end
if KEYS[8] ~= KEYS[1] then redis.call('ZADD', KEYS[8], 0, ARGV[10]) end
for i = 17, lost do redis.call('ZREM', KEYS[9], ARGV[i]) end
for i = lost + 1, gained do redis.call('ZADD', KEYS[9], 0, ARGV[i]) end
if tombstone then redis.call('ZREM', KEYS[4], ARGV[10]) else redis.call('ZADD', KEYS[4], 0, ARGV[10]) end
if ARGV[7] == '' then
  redis.call('ZREM', KEYS[2], ARGV[9])
else
  redis.call('ZADD', KEYS[2], ARGV[7], ARGV[9])
end

for i = last + 1, #ARGV, 4 do
  redis.call('XADD', KEYS[3], '*', 'id', ARGV[i], 'type', ARGV[i + 1], 'time', ARGV[i + 2], 'of', ARGV[9], 'body', ARGV[i + 3],
    'version', version, 'save', ARGV[3])
end
-- Too long without NATS: the oldest transitions go first, never a token's edge. Each save looks at a few entries from where
-- the last one stopped, so that edges in front are passed once, and a save at the cap costs what any save costs.
local over = redis.call('XLEN', KEYS[3]) - tonumber(ARGV[12])
if over > 0 then
  local stopped = redis.call('GET', KEYS[10])
  local entries = redis.call('XRANGE', KEYS[3], stopped and '(' .. stopped or '-', '+', 'COUNT', 16)
  if #entries == 0 then
    redis.call('DEL', KEYS[10])
  else
    local reached
    for _, entry in ipairs(entries) do
      if over <= 0 then break end
      if entry[2][4] == 'account.transition' then
        redis.call('XDEL', KEYS[3], entry[1])
        over = over - 1
      end
      reached = entry[1]
    end
    redis.call('SET', KEYS[10], reached)
  end
end
return { 1, now, version }

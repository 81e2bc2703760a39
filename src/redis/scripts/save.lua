--[[
  Compare-and-set of a record: state, secrets, indexes and outbox, all or nothing.
  KEYS[1] record  [2] due  [3] outbox  [4] listing
  KEYS[5] by-app before  [6] by-app after  [7] by-state before  [8] by-state after   ('' of them: the record itself)
  KEYS[9] by-name  [10] where trimming the outbox stopped
  ARGV[1] the change, a JSON object:
    expected { version, save } as loaded ('' for no save id)   save: its own save id
    id   member: of due   wake: milliseconds or ''   tombstone: true where the record was deleted
    set, delete: names of fields of the record   names { lost, gained }: members of by-name
    outbox: list of { id, type, time }   outboxCap: most entries
  ARGV[2..] the values of 'set', then the bodies of 'outbox', in the order given there
  -> { 1 saved | 0 not, now (ms), version }, and where this call has saved it:
     entry ids of 'outbox', entry ids of the same record that waited before; instead of these nil where too many wait
]]
local change = cjson.decode(ARGV[1])
local texts = 1
local function nextText()
  texts = texts + 1
  return ARGV[texts]
end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local stored = redis.call('HMGET', KEYS[1], 'v', 'w')
local version = tonumber(stored[1] or '0')

-- A repeated save after a lost reply finds its own id and succeeds.
if version > 0 and stored[2] == change.save then return { 1, now, version } end
-- After a failover that lost a save, another history may have reached the same version, but with another save id.
if version ~= change.expected.version or (stored[2] or '') ~= change.expected.save then return { 0, now, version } end
version = version + 1

if change.tombstone then redis.call('DEL', KEYS[1]) end
local fields = { 'v', version, 'w', change.save }
for _, name in ipairs(change.set) do
  fields[#fields + 1] = name
  fields[#fields + 1] = nextText()
end
redis.call('HSET', KEYS[1], unpack(fields))
if #change.delete > 0 then redis.call('HDEL', KEYS[1], unpack(change.delete)) end
if change.tombstone then redis.call('PEXPIRE', KEYS[1], 604800000) else redis.call('PERSIST', KEYS[1]) end

if KEYS[5] ~= KEYS[1] and KEYS[5] ~= KEYS[6] then redis.call('ZREM', KEYS[5], change.id) end
if KEYS[7] ~= KEYS[1] and KEYS[7] ~= KEYS[8] then redis.call('ZREM', KEYS[7], change.id) end
if KEYS[6] ~= KEYS[1] then redis.call('ZADD', KEYS[6], 0, change.id) end
if KEYS[8] ~= KEYS[1] then redis.call('ZADD', KEYS[8], 0, change.id) end
for _, name in ipairs(change.names.lost) do redis.call('ZREM', KEYS[9], name) end
for _, name in ipairs(change.names.gained) do redis.call('ZADD', KEYS[9], 0, name) end
if change.tombstone then redis.call('ZREM', KEYS[4], change.id) else redis.call('ZADD', KEYS[4], 0, change.id) end
if change.wake == '' then
  redis.call('ZREM', KEYS[2], change.member)
else
  redis.call('ZADD', KEYS[2], change.wake, change.member)
end

-- Earlier entries of the record must be published first.
local waiting = redis.call('XLEN', KEYS[3])
local older = {}
if waiting > 32 then
  older = false
elseif waiting > 0 then
  for _, entry in ipairs(redis.call('XRANGE', KEYS[3], '-', '+')) do
    if entry[2][8] == change.member then older[#older + 1] = entry[1] end
  end
end
local left = {}
for _, entry in ipairs(change.outbox) do
  left[#left + 1] = redis.call('XADD', KEYS[3], '*', 'id', entry.id, 'type', entry.type, 'time', entry.time,
    'of', change.member, 'body', nextText(), 'version', version, 'save', change.save)
end
-- Too long without NATS: the oldest transitions go first, never a token's edge. Each save looks at a few entries from where
-- the last one stopped, so that edges in front are passed once, and a save at the cap costs what any save costs.
local over = waiting + #left - change.outboxCap
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
return { 1, now, version, left, older }

-- A node says which connections of a user it has: all of them, so that saying it once more changes nothing. The heir of a
-- dead node says that it has none.
--
-- KEYS  1 hash of the user's connections   2 set of the leases that watch the user; one hash tag
-- ARGV  1 prefix of the fields that are the node's   2 lease   3 how long both are kept, ms   then for each connection: name, registration or '' if it is not
--       known, the rest of its value
-- Reply 1 number of this change, greater than that of any before   2 flat fields of the hash as they were
--       3 registrations of the connections, in their order   4 leases that watch
--
-- Numbers are microseconds of Redis's clock, so that they grow even after Redis has forgotten the last one.

local online, watchers = KEYS[1], KEYS[2]
local prefix, lease, keep = ARGV[1], ARGV[2], ARGV[3]
local before = redis.call('HGETALL', online)

local last = 0
local known = {}
for i = 1, #before, 2 do
  if before[i] == '#' then
    last = tonumber(before[i + 1]) or 0
  elseif string.sub(before[i], 1, #prefix) == prefix then
    known[before[i]] = before[i + 1]
  end
end
local time = redis.call('TIME')
local number = math.max(tonumber(time[1]) * 1000000 + tonumber(time[2]), last + 1)

local fields = { '#', '' }
local registrations = {}
for i = 4, #ARGV, 3 do
  local field = lease .. ':' .. ARGV[i]
  local registration = ARGV[i + 1]
  if registration == '' and known[field] then
    registration = string.match(known[field], '^%d+') or ''
  end
  if registration == '' then
    registration = string.format('%.0f', number)
    number = number + 1
  end
  registrations[#registrations + 1] = registration
  fields[#fields + 1] = field
  fields[#fields + 1] = registration .. '|' .. ARGV[i + 2]
  known[field] = nil
end
fields[2] = string.format('%.0f', number)

for field in pairs(known) do
  redis.call('HDEL', online, field)
end
if #fields > 2 or redis.call('HLEN', online) > 1 then
  for i = 1, #fields, 2 do
    redis.call('HSET', online, fields[i], fields[i + 1])
  end
  redis.call('PEXPIRE', online, keep)
else
  redis.call('DEL', online)
end
return { fields[2], before, registrations, redis.call('SMEMBERS', watchers) }

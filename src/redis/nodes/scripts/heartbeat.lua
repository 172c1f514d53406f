-- A node says that it lives, and hears who else does. All times are Redis's own, so that the clocks of nodes have no part
-- in who is alive. While nobody could say so (Redis was away, or all nodes stood still) nobody's lease ends.
--
-- KEYS  1 sorted set of leases by their end, ms   2 hash lease -> description, JSON
--       3 hash ended lease -> the live lease that is its heir   4 hash: since, beat (when anybody last said so)
-- ARGV  1 lease   2 '1': it begins, '0': it goes on   3 description   4 how long a lease holds, ms
--       5 how long nobody need have said so for leases to be held on, ms
-- Reply 1 '1', or '0' if the lease has ended and must not go on   2 now, ms   3 since when all this is known, ms
--       4 flat list of live leases: lease, end, description   5 ended leases whose heir this one is

local leases, descriptions, heirs, state = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local lease, holds, outage = ARGV[1], tonumber(ARGV[4]), tonumber(ARGV[5])
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)

local function text(number)
  return string.format('%.0f', number)
end

local since = redis.call('HGET', state, 'since')
if not since then
  since = text(now)
  redis.call('HSET', state, 'since', since)
end
local beat = tonumber(redis.call('HGET', state, 'beat') or now)
redis.call('HSET', state, 'beat', text(now))
if now - beat > outage then
  for _, other in ipairs(redis.call('ZRANGE', leases, 0, -1)) do
    redis.call('ZADD', leases, text(now + holds), other)
  end
end

local ends = redis.call('ZSCORE', leases, lease)
local is_held = ends and tonumber(ends) > now
if ARGV[2] == '1' or is_held then
  redis.call('ZADD', leases, text(now + holds), lease)
  redis.call('HSET', descriptions, lease, ARGV[3])
  is_held = true
end
if not is_held then
  return { '0', text(now), since, {}, {} }
end

for _, ended in ipairs(redis.call('ZRANGEBYSCORE', leases, '-inf', text(now))) do
  redis.call('ZREM', leases, ended)
  redis.call('HDEL', descriptions, ended)
  redis.call('HSET', heirs, ended, lease)
end

local inherited = {}
local all = redis.call('HGETALL', heirs)
for i = 1, #all, 2 do
  if all[i + 1] ~= lease and not redis.call('ZSCORE', leases, all[i + 1]) then
    redis.call('HSET', heirs, all[i], lease)
    all[i + 1] = lease
  end
  if all[i + 1] == lease then
    inherited[#inherited + 1] = all[i]
  end
end

local live = {}
local scored = redis.call('ZRANGE', leases, 0, -1, 'WITHSCORES')
for i = 1, #scored, 2 do
  live[#live + 1] = scored[i]
  live[#live + 1] = scored[i + 1]
  live[#live + 1] = redis.call('HGET', descriptions, scored[i]) or ''
end
return { '1', text(now), since, live, inherited }

-- Which nodes live, for somebody who is none.
--
-- KEYS  as of heartbeat.lua
-- Reply 1 now, ms   2 flat list of live leases: lease, end, description

local time = redis.call('TIME')
local now = string.format('%.0f', tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000))
local live = {}
local scored = redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. now, '+inf', 'WITHSCORES')
for i = 1, #scored, 2 do
  live[#live + 1] = scored[i]
  live[#live + 1] = scored[i + 1]
  live[#live + 1] = redis.call('HGET', KEYS[2], scored[i]) or ''
end
return { now, live }

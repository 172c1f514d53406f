-- A node ends by its own will. What it may have left behind is for whoever lives on, as if it had died.
--
-- KEYS  as of heartbeat.lua
-- ARGV  1 lease

if redis.call('ZREM', KEYS[1], ARGV[1]) == 1 then
  redis.call('HDEL', KEYS[2], ARGV[1])
  redis.call('HSET', KEYS[3], ARGV[1], '')
end

-- Marks tokens in the hash where OpenIM's servers look for them, those that are in it alone: a mark must not bring back
-- a hash that is gone (known defect 8). The hash's lifetime stays as it is.
--
-- KEYS  1 OpenIM's hash of a user and platform
-- ARGV  1 new status; empty: the tokens are taken out
--       2 message for OpenIM's servers
--       3.. tokens

local hash, status = KEYS[1], ARGV[1]

local changed = false
for i = 3, #ARGV do
  local known = redis.call('HGET', hash, ARGV[i])
  if known and known ~= status then
    if status == '' then redis.call('HDEL', hash, ARGV[i]) else redis.call('HSET', hash, ARGV[i], status) end
    changed = true
  end
end
if changed then redis.call('PUBLISH', 'DELETE_CACHE_AUTH', ARGV[2]) end

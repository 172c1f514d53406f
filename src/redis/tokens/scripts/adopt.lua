-- Takes in a token that another server issued, unless it is known.
--
-- KEYS  1 the user's index
--       2 the token's key
-- ARGV  1 prefix of the user's token keys
--       2 jti
--       3 value
--       4 expiresAt, Unix ms
-- Reply the token's value, as it is now; empty if it has expired by Redis's own clock

local index, key = KEYS[1], KEYS[2]
local prefix, jti, value, expires_at = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])

local known = redis.call('GET', key)
if known then return known end
if expires_at <= clock() then return '' end
write(index, prefix, parse(jti, value, expires_at))
settle(index, {})
return value

-- Takes in a token that another server issued, unless it is known.
--
-- KEYS  1 the user's live tokens
--       2 the superseded ones
--       3 the past ones
--       4 the token's key
-- ARGV  1 prefix of the user's token keys
--       2 jti
--       3 value
--       4 expiresAt, Unix ms
-- Reply the token's value, as it is now; empty if it has expired by Redis's own clock

local sets, key = { live = KEYS[1], superseded = KEYS[2], past = KEYS[3] }, KEYS[4]
local prefix, jti, value, expires_at = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])

local known = redis.call('GET', key)
if known then return known end
if expires_at <= clock() then return '' end
write(sets, prefix, parse(jti, value, expires_at))
settle(sets, prefix, {})
return value

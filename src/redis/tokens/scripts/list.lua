-- Reads all tokens of one user, in whatever state, readable or not, and the user's cutoffs; prunes the index.
--
-- KEYS  1 the user's index; the token keys share its hash tag
--       2 the user's cutoffs
-- ARGV  1 prefix of the user's token keys
-- Reply { a flat list jti, value, exp; cutoffs }

local index, prefix = KEYS[1], ARGV[1]

local flat = {}
local gone = for_each(prefix, redis.call('ZRANGE', index, 0, -1), function(jti, value)
  flat[#flat + 1] = jti
  flat[#flat + 1] = value
  flat[#flat + 1] = whole(end_of(index, prefix, jti))
end)
if #gone > 0 then settle(index, gone) end

return { flat, redis.call('GET', KEYS[2]) or '' }

-- Reads all tokens of one user, in whatever state, and prunes the index.
--
-- KEYS  1 the user's index; the token keys share its hash tag
-- ARGV  1 prefix of the user's token keys
-- Reply a flat list jti, value

local index, prefix = KEYS[1], ARGV[1]

local flat = {}
local gone = for_each(prefix, redis.call('ZRANGE', index, 0, -1), function(jti, value)
  flat[#flat + 1] = jti
  flat[#flat + 1] = value
end)
if #gone > 0 then settle(index, gone) end

return flat

-- Reads hashes of OpenIM's.
--
-- KEYS  hashes, at least one
-- Reply for each a flat list token, status, ...; an empty one for what is no hash, and so not OpenIM's: it holds no
--       tokens, and must not keep its user from logging in

local found = {}
for i, hash in ipairs(KEYS) do
  local fields = redis.pcall('HGETALL', hash)
  found[i] = fields.err and {} or fields
end
return found

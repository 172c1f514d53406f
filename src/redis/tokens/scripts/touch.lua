-- Notes when tokens of one user were last used. Tokens that are gone stay gone, and nobody's end moves.
--
-- KEYS  the token keys, all of one hash tag
-- ARGV  1 lastSeen, Unix ms in base 36

for _, key in ipairs(KEYS) do
  local value = redis.pcall('GET', key)
  local token = type(value) == 'string' and parse('', value, 0)
  if token and (tonumber(token.last_seen, 36) or 0) < tonumber(ARGV[1], 36) then
    token.last_seen = ARGV[1]
    redis.call('SET', key, format(token), 'KEEPTTL')
  end
end

-- Ends tokens of one user again that Redis takes for good, or no longer knows, because it has forgotten.
--
-- KEYS  1 the user's live tokens; the token keys share its hash tag
--       2 the superseded ones
--       3 the past ones
-- ARGV  1 prefix of the user's token keys
--       2 userID
--       3... for each token: jti, value, expiresAt in Unix ms
-- Reply how many were changed

local sets = { live = KEYS[1], superseded = KEYS[2], past = KEYS[3] }
local prefix, user_id = ARGV[1], ARGV[2]
local now = clock()

local restored = {}
for i = 3, #ARGV, 3 do
  local jti, expires_at = ARGV[i], tonumber(ARGV[i + 2])
  local value = redis.pcall('GET', prefix .. jti)
  local known = type(value) == 'string' and parse(jti, value, expires_at) or nil
  local token = parse(jti, ARGV[i + 1], expires_at)
  local is_news = not known or known.state == 'l' or (known.state == 's' and token.state ~= 's')
  if expires_at > now and is_news then
    if known then
      known.state, known.accepted_until, known.reason = token.state, token.accepted_until, token.reason
      token = known
    end
    restored[#restored + 1] = token
  end
end
for _, token in ipairs(restored) do write(sets, prefix, token) end
if #restored > 0 then settle(sets, prefix, {}) end

local by_reason = {}
for _, token in ipairs(restored) do
  if token.state == 's' then
    publish({ kind = 'superseded', userID = user_id, jtis = { token.jti }, acceptedUntil = token.accepted_until })
  else
    local tokens = by_reason[token.reason] or {}
    tokens[#tokens + 1] = token
    by_reason[token.reason] = tokens
  end
end
for reason, tokens in pairs(by_reason) do publish_ended(user_id, tokens, reason) end
return #restored

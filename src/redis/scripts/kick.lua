-- Ends tokens of one user that are live or superseded; others, and every token's lifetime, stay as they are.
--
-- KEYS  1 the user's index; the token keys share its hash tag
-- ARGV  1 prefix of the user's token keys
--       2 now, Unix ms
--       3 new state: k kicked, r revoked
--       4 reason
--       5 platform whose tokens are meant; empty: those named by
--       6.. jtis
-- Reply the tokens that were ended, a flat list jti, value

local index = KEYS[1]
local prefix, now, state, reason, platform = ARGV[1], tonumber(ARGV[2]), ARGV[3], ARGV[4], tonumber(ARGV[5])

local jtis = {}
if platform then jtis = accepted_jtis(index) else
  for i = 6, #ARGV do jtis[#jtis + 1] = ARGV[i] end
end

local ended = {}
local gone = for_each(prefix, jtis, function(jti, value)
  local token = parse(jti, value)
  if not token or not is_accepted(token) or tonumber(token.expires_at) <= now then return end
  if platform and token.platform ~= platform then return end
  token.state, token.reason, token.accepted_until = state, reason, ''
  ended[#ended + 1] = token
end)

for _, token in ipairs(ended) do write(index, prefix, token) end
if #ended + #gone > 0 then settle(index, gone) end

return reply(ended)

-- Ends tokens of one user that are live or superseded; others, and every token's lifetime, stay as they are.
--
-- KEYS  1 the user's index; the token keys share its hash tag
-- ARGV  1 prefix of the user's token keys
--       2 userID
--       3 now, Unix ms
--       4 new state: k kicked, r revoked
--       5 reason
--       6 platforms whose tokens are meant, comma-separated; empty: those named by
--       7.. jtis; with platforms, one that is not meant
-- Reply { the tokens that were ended, a flat list jti, value, exp; jtis whose values nobody can read }

local index = KEYS[1]
local prefix, user_id, now, state, reason = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4], ARGV[5]

local platforms = nil
for platform in string.gmatch(ARGV[6], '%d+') do
  platforms = platforms or {}
  platforms[tonumber(platform)] = true
end

local jtis = {}
if platforms then jtis = accepted(index) else
  for i = 7, #ARGV do jtis[#jtis + 1] = ARGV[i] end
end

local ended, unreadable = {}, {}
local gone = for_each(prefix, jtis, function(jti, value)
  local token = parse(jti, value, end_of(index, prefix, jti))
  if not token then
    unreadable[#unreadable + 1] = jti
    return
  end
  if not is_accepted(token) or token.expires_at <= now then return end
  if platforms and (not platforms[token.platform] or jti == ARGV[7]) then return end
  token.state, token.reason, token.accepted_until = state, reason, ''
  ended[#ended + 1] = token
end)

-- Redis asks for free memory before the first write alone, and this one needs none: what is full must not keep tokens
-- from being revoked.
if #ended > 0 then redis.call('ZREM', index, ended[1].jti) end
for _, token in ipairs(ended) do write(index, prefix, token) end
if #ended + #gone > 0 then settle(index, gone) end

publish_ended(user_id, ended, reason)
return { reply(ended), unreadable }

-- Ends tokens of one user that are live or superseded; others, and every token's lifetime, stay as they are. Those of some
-- platforms are looked at in portions, so that one user with very many holds nobody else up.
--
-- KEYS  1 the user's live tokens; the token keys share its hash tag
--       2 the superseded ones
--       3 the past ones
-- ARGV  1 prefix of the user's token keys
--       2 userID
--       3 now, Unix ms
--       4 new state: k kicked, r revoked
--       5 reason
--       6 platforms whose tokens are meant, comma-separated; empty: any
--       7 a jti that is not meant; may be empty
--       8 1: all that are accepted now are meant, of those platforms; 0: these alone:
--       9.. jtis
-- Reply { the tokens that were ended, a flat list jti, value, exp; jtis whose values nobody can read; jtis that are left
--       for a next call }

local sets = { live = KEYS[1], superseded = KEYS[2], past = KEYS[3] }
local prefix, user_id, now, state, reason = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4], ARGV[5]
local spared = ARGV[7]
local PORTION = 500

local platforms = nil
for platform in string.gmatch(ARGV[6], '%d+') do
  platforms = platforms or {}
  platforms[tonumber(platform)] = true
end

local jtis, left = {}, {}
local function mean(jti)
  if jti == spared then return end
  local list = #jtis < PORTION and jtis or left
  list[#list + 1] = jti
end
if ARGV[8] == '1' then
  for _, jti in ipairs((live_tokens(sets))) do mean(jti) end
  for _, jti in ipairs(redis.call('ZRANGEBYSCORE', sets.superseded, '(' .. whole(now), '+inf')) do mean(jti) end
else
  for i = 9, #ARGV do mean(ARGV[i]) end
end

local ended, unreadable = {}, {}
local gone = for_each(prefix, jtis, function(jti, value)
  local token = parse(jti, value, end_of(sets, prefix, jti))
  if not token then
    unreadable[#unreadable + 1] = jti
    return
  end
  if not is_accepted(token) or token.expires_at <= now then return end
  if platforms and not platforms[token.platform] then return end
  token.state, token.reason, token.accepted_until = state, reason, ''
  ended[#ended + 1] = token
end)

-- Redis asks for free memory before the first write alone, and this one needs none: what is full must not keep tokens
-- from being revoked.
if #ended > 0 then redis.call('ZREM', sets.live, ended[1].jti) end
for _, token in ipairs(ended) do write(sets, prefix, token) end
if #ended + #gone > 0 then settle(sets, prefix, gone) end
if #ended > 0 then prune_past(sets, prefix) end

publish_ended(user_id, ended, reason)
return { reply(ended), unreadable, left }

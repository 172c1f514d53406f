-- What the token scripts share; it stands before each of them.
--
-- A token is a string key <prefix><jti> that expires at the token's own exp (PXAT, Unix ms). Its value is
--   <state><platform><issuedAt>[key][|order|acceptedUntil|reason|lastSeen|deviceName|loginAt|successor|successorEnd]
-- state, one letter: l live, s superseded, k kicked, r revoked. platform, one base-36 digit. issuedAt and lastSeen:
-- Unix ms in base 36. key: the mark of the key that signed it, a capital and a letter or digit; of earlier versions'
-- tokens nobody noted it. order: rises with every issue to one user; empty if it is issuedAt. acceptedUntil: Unix ms.
-- deviceName is percent-encoded. loginAt: the login that a renewed token goes back to, empty if it is issuedAt; successor
-- and successorEnd: jti and end of what has taken the token's place; instants in base 36, Unix ms. Empty fields at the end are left out: a fresh token's value has 12 characters, as many
-- as go into the allocation class of 32 bytes. The end is not in it, because the key has it. Later versions may add fields at the end;
-- they are kept as they are.
--
-- Each user has three sorted sets of jtis, so that nobody has to read what has ended, however much of it a busy user has:
--   live        -> exp in seconds: what a login decides about
--   superseded  -> acceptedUntil: what a kick has to find besides
--   past        -> order: whatever is not live, for lists alone
-- Earlier versions kept all in the first, what had ended with its exp negative; move_old() takes that apart.
-- Of what was superseded, what is past its grace is forgotten but for the newest few: it is refused as unknown either
-- way, and a back end that asks for an admin token with each request must not fill the memory.
--
-- Cutoffs are a string key: platform=notBefore,... in decimal Unix ms; platform 0 is all platforms.
--
-- A script reads everything first and writes only when nothing can fail any more, because Redis does not undo what a
-- failed script has written.

-- Keeps unpack() far below Lua's stack limit.
local BATCH = 200

local function in_batches(items, work)
  for first = 1, #items, BATCH do
    work(first, math.min(first + BATCH - 1, #items))
  end
end

-- A Lua number in full, as Redis takes it.
local function whole(number)
  return string.format('%.0f', number)
end

-- Unix ms by the clock that ends the keys.
local function clock()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- Digits of the instants that a number holds exactly, in base 36 and in decimal.
local LONGEST_BASE36, LONGEST_DECIMAL = 9, 15

local function is_accepted(token)
  return token.state == 'l' or token.state == 's'
end

-- Nil for a value that is not ours: nobody may take it for a token, and it is left alone. Mirrors parseToken of
-- token-value.ts; test/fixtures/redis-token-values.json holds the two together. expires_at: Unix ms.
local function parse(jti, value, expires_at)
  local head, fields = string.match(value, '^([^|]*)(.*)$')
  local state, platform, issued_at, key = string.match(head, '^([lskr])([1-9a-z])([0-9a-z]+)(.*)$')
  if not state or #issued_at > LONGEST_BASE36 then return nil end
  if key ~= '' and not string.find(key, '^%u%w$') then return nil end
  local order, accepted_until, reason, last_seen, device, login, successor, successor_end, rest =
    '', '', '', '', '', '', '', '', ''
  if fields ~= '' then
    local _, count = string.gsub(fields, '|', '')
    if count < 8 then fields = fields .. string.rep('|', 8 - count) end
    order, accepted_until, reason, last_seen, device, login, successor, successor_end, rest = string.match(
      fields,
      '^|(%d*)|(%d*)|([a-z]*)|([0-9a-z]*)|([^|]*)|([0-9a-z]*)|([%w_:-]*)|([0-9a-z]*)(.*)$'
    )
    if not order or string.find(rest, '^[^|]') then return nil end
    if #order > LONGEST_DECIMAL or #accepted_until > LONGEST_DECIMAL then return nil end
    if #last_seen > LONGEST_BASE36 or #login > LONGEST_BASE36 or #successor_end > LONGEST_BASE36 then return nil end
  end
  if state == 's' and accepted_until == '' then return nil end
  return {
    jti = jti, state = state, platform = tonumber(platform, 36), issued_text = issued_at, key = key,
    issued_at = tonumber(issued_at, 36), expires_at = expires_at,
    order = tonumber(order) or tonumber(issued_at, 36),
    accepted_until = accepted_until, reason = reason, last_seen = last_seen, device = device, login = login,
    successor = successor, successor_end = successor_end, rest = rest,
  }
end

-- When the token's session began, Unix ms: cutoffs go by it.
local function login_of(token)
  return tonumber(token.login, 36) or token.issued_at
end

local DIGITS = '0123456789abcdefghijklmnopqrstuvwxyz'
local function base36(number)
  local text = ''
  repeat
    local digit = number % 36
    text = string.sub(DIGITS, digit + 1, digit + 1) .. text
    number = (number - digit) / 36
  until number == 0
  return text
end

local function format(token)
  local order = token.order == token.issued_at and '' or whole(token.order)
  local fields = table.concat({
    '', order, token.accepted_until, token.reason, token.last_seen, token.device, token.login, token.successor,
    token.successor_end,
  }, '|') .. token.rest
  return token.state .. base36(token.platform) .. token.issued_text .. token.key .. string.match(fields, '^(.-)|*$')
end

-- Splits a reply WITHSCORES: the members, and the scores by member.
local function with_scores(flat)
  local members, scores = {}, {}
  for i = 1, #flat, 2 do
    members[#members + 1] = flat[i]
    scores[flat[i]] = tonumber(flat[i + 1])
  end
  return members, scores
end

-- The jtis of live tokens, and by jti when they end, Unix ms.
local function live_tokens(sets)
  local flat = redis.call('ZRANGEBYSCORE', sets.live, '(' .. whole(clock() / 1000 - 1), '+inf', 'WITHSCORES')
  local jtis, ends = with_scores(flat)
  for jti, score in pairs(ends) do ends[jti] = score * 1000 end
  return jtis, ends
end

-- When a token ends, Unix ms, by its place among the live, or by its key if it has none there: exp is a whole second.
local function end_of(sets, prefix, jti)
  local score = redis.call('ZSCORE', sets.live, jti)
  if score then return math.abs(tonumber(score)) * 1000 end
  local left = redis.call('PTTL', prefix .. jti)
  return math.floor((clock() + math.max(left, 0) + 500) / 1000) * 1000
end

-- Calls visit(jti, value) for each of the jtis whose token exists, and returns those whose token is gone: that is for
-- the token's key to say, never for a host's clock. What is no text at all counts as a value that nobody can read: one
-- key that a foreign hand has written must not keep its user from logging in or being logged out.
--
-- Not by MGET: Redis keeps small arguments of a script for reuse, by their position and with all their room. The third
-- one of a SET is what it stores, and must not be given the room of a key: that is 16 to 32 bytes for each token. For
-- the same reason settle() uses EXPIREAT, whose argument is shorter than PEXPIREAT's. bench/tokens.ts shows it.
local function for_each(prefix, jtis, visit)
  local gone = {}
  for _, jti in ipairs(jtis) do
    local value = redis.pcall('GET', prefix .. jti)
    if type(value) == 'table' then value = '' end
    if value then visit(jti, value) else gone[#gone + 1] = jti end
  end
  return gone
end

-- Lets a set live as long as what comes into it. Plain EXPIREAT: with GT it would do nothing on a key that has no TTL.
local function outlive(set, expires_at)
  local left = redis.call('PTTL', set)
  if left < 0 or clock() + left < expires_at then redis.call('EXPIREAT', set, whole(expires_at / 1000)) end
end

-- Puts a token into the sets where it belongs.
local function place(sets, token)
  if token.state == 'l' then
    redis.call('ZADD', sets.live, whole(token.expires_at / 1000), token.jti)
    return
  end
  redis.call('ZREM', sets.live, token.jti)
  redis.call('ZADD', sets.past, whole(token.order), token.jti)
  outlive(sets.past, token.expires_at)
  if token.state == 's' then
    redis.call('ZADD', sets.superseded, token.accepted_until, token.jti)
    outlive(sets.superseded, token.expires_at)
  else
    redis.call('ZREM', sets.superseded, token.jti)
  end
end

-- Stores a token with its own end, whatever TTL the key had, and its place.
local function write(sets, prefix, token)
  redis.call('SET', prefix .. token.jti, format(token), 'PXAT', whole(token.expires_at))
  place(sets, token)
end

-- Takes over what an earlier version left among the live, so many of it. Returns how many it looked at.
local function move_old(sets, prefix, count)
  local jtis, ends = with_scores(redis.call('ZRANGEBYSCORE', sets.live, '-inf', '(0', 'WITHSCORES', 'LIMIT', 0, count))
  for _, jti in ipairs(jtis) do
    local value = redis.pcall('GET', prefix .. jti)
    local token = type(value) == 'string' and parse(jti, value, -ends[jti] * 1000)
    if token and token.state ~= 'l' then
      place(sets, token)
    else
      redis.call('ZREM', sets.live, jti)
    end
  end
  return #jtis
end

-- What is gone among a few of a set, by chance: dropped time and again, it never makes up more than a part of the set, in
-- whatever order tokens end.
local SAMPLE = 3
local function some_gone(set, prefix)
  local gone = {}
  for _, jti in ipairs(redis.call('ZRANDMEMBER', set, SAMPLE)) do
    if redis.call('EXISTS', prefix .. jti) == 0 then gone[#gone + 1] = jti end
  end
  return gone
end

local function prune_past(sets, prefix)
  for _, jti in ipairs(some_gone(sets.past, prefix)) do
    redis.call('ZREM', sets.past, jti)
    redis.call('ZREM', sets.superseded, jti)
  end
end

-- Drops from the live what is gone or has expired, and lets the set live as long as the longest of the others.
local OLD_AT_ONCE = 50
local function settle(sets, prefix, gone)
  in_batches(gone, function(first, last)
    redis.call('ZREM', sets.live, unpack(gone, first, last))
  end)
  move_old(sets, prefix, OLD_AT_ONCE)
  local now = whole(math.floor(clock() / 1000))
  redis.call('ZREMRANGEBYSCORE', sets.live, '-' .. now, now)
  local lowest = redis.call('ZRANGE', sets.live, 0, 0, 'WITHSCORES')[2]
  local highest = redis.call('ZRANGE', sets.live, -1, -1, 'WITHSCORES')[2]
  if highest then redis.call('EXPIREAT', sets.live, whole(math.max(-tonumber(lowest), tonumber(highest)))) end
end

-- Of the tokens past their grace, all but so many of the newest are forgotten, so many at a time.
local SUPERSEDED_KEPT, FORGOTTEN_AT_ONCE = 100, 50
local function forget_superseded(sets, prefix, now)
  local jtis = redis.call('ZREVRANGEBYSCORE', sets.superseded, whole(now), '-inf', 'LIMIT', SUPERSEDED_KEPT, FORGOTTEN_AT_ONCE)
  for _, jti in ipairs(jtis) do
    redis.call('DEL', prefix .. jti)
    redis.call('ZREM', sets.superseded, jti)
    redis.call('ZREM', sets.past, jti)
  end
end

-- A flat list jti, value, exp in ms, jti, ...
local function reply(tokens)
  local flat = {}
  for _, token in ipairs(tokens) do
    flat[#flat + 1] = token.jti
    flat[#flat + 1] = format(token)
    flat[#flat + 1] = whole(token.expires_at)
  end
  return flat
end

-- platform -> notBefore
local function parse_cutoffs(text)
  local cutoffs = {}
  for platform, not_before in string.gmatch(text or '', '(%d+)=(%d+)') do
    cutoffs[tonumber(platform)] = tonumber(not_before)
  end
  return cutoffs
end

-- Mirrors effectiveCutoff of src/tokens/cutoffs.ts.
local function effective_cutoff(platform, own, everyones)
  return math.max(own[0] or 0, own[platform] or 0, everyones[0] or 0, everyones[platform] or 0)
end

-- Tells every node of a change; src/redis/token-feed.ts reads it. Numbers travel as text: cjson would round them.
local function publish(change)
  redis.call('PUBLISH', 'tessera:tokens', cjson.encode(change))
end

local function publish_ended(user_id, tokens, reason)
  if #tokens == 0 then return end
  local names = {}
  for _, token in ipairs(tokens) do names[#names + 1] = { jti = token.jti, platformID = token.platform } end
  publish({ kind = 'ended', userID = user_id, tokens = names, reason = reason })
end

-- What the token scripts share; it stands before each of them.
--
-- A token is a string key <prefix><jti> that expires at the token's own exp (PXAT, Unix ms). Its value is
--   <state><platform><issuedAt>[|order|acceptedUntil|reason|lastSeen|deviceName]
-- state, one letter: l live, s superseded, k kicked, r revoked. platform, one base-36 digit. issuedAt and lastSeen:
-- Unix ms in base 36. order: rises with every issue to one user; empty if it is issuedAt. acceptedUntil: Unix ms.
-- deviceName is percent-encoded. Empty fields at the end are left out: a fresh token's value has 10 characters, which
-- saves an allocation class. The end is not in it, because the key has it. Later versions may add fields at the end;
-- they are kept as they are.
--
-- The index is a sorted set jti -> exp in seconds, negative once the token has been kicked or revoked, or by the first
-- login after its grace: a login reads the accepted ones alone, however many a busy user has behind them.
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
  local state, platform, issued_at = string.match(head, '^([lskr])([1-9a-z])([0-9a-z]+)$')
  if not state or #issued_at > LONGEST_BASE36 then return nil end
  local order, accepted_until, reason, last_seen, rest = '', '', '', '', ''
  if fields ~= '' then
    local _, count = string.gsub(fields, '|', '')
    if count < 5 then fields = fields .. string.rep('|', 5 - count) end
    order, accepted_until, reason, last_seen, rest =
      string.match(fields, '^|(%d*)|(%d*)|([a-z]*)|([0-9a-z]*)|(.*)$')
    if not order or #order > LONGEST_DECIMAL or #accepted_until > LONGEST_DECIMAL or #last_seen > LONGEST_BASE36 then
      return nil
    end
  end
  if state == 's' and accepted_until == '' then return nil end
  return {
    jti = jti, state = state, platform = tonumber(platform, 36), issued_text = issued_at,
    issued_at = tonumber(issued_at, 36), expires_at = expires_at,
    order = tonumber(order) or tonumber(issued_at, 36),
    accepted_until = accepted_until, reason = reason, last_seen = last_seen, rest = rest,
  }
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
  local fields = table.concat({ '', order, token.accepted_until, token.reason, token.last_seen, token.rest }, '|')
  return token.state .. base36(token.platform) .. token.issued_text .. string.match(fields, '^(.-)|*$')
end

-- The jtis of tokens that are live or superseded, and by jti when they end, Unix ms.
local function accepted(index)
  local flat = redis.call('ZRANGEBYSCORE', index, '(' .. whole(clock() / 1000 - 1), '+inf', 'WITHSCORES')
  local jtis, ends = {}, {}
  for i = 1, #flat, 2 do
    jtis[#jtis + 1] = flat[i]
    ends[flat[i]] = tonumber(flat[i + 1]) * 1000
  end
  return jtis, ends
end

-- When a token ends, Unix ms, by its place in the index, or by its key if it has none there: exp is a whole second.
local function end_of(index, prefix, jti)
  local score = redis.call('ZSCORE', index, jti)
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

-- Stores a token with its own end, whatever TTL the key had, and its place in the index.
local function write(index, prefix, token)
  redis.call('SET', prefix .. token.jti, format(token), 'PXAT', whole(token.expires_at))
  redis.call('ZADD', index, (is_accepted(token) and '' or '-') .. whole(token.expires_at / 1000), token.jti)
end

-- Drops index entries of tokens that are gone or have expired, and lets the index live as long as the longest of the
-- others.
local function settle(index, gone)
  in_batches(gone, function(first, last)
    redis.call('ZREM', index, unpack(gone, first, last))
  end)
  local now = whole(math.floor(clock() / 1000))
  redis.call('ZREMRANGEBYSCORE', index, '-' .. now, now)
  local lowest = redis.call('ZRANGE', index, 0, 0, 'WITHSCORES')[2]
  local highest = redis.call('ZRANGE', index, -1, -1, 'WITHSCORES')[2]
  -- Plain EXPIREAT: with GT it would do nothing on a key that has no TTL yet.
  if highest then redis.call('EXPIREAT', index, whole(math.max(-tonumber(lowest), tonumber(highest)))) end
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

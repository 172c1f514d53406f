-- What the token scripts share; it stands before each of them.
--
-- A token is a string key <prefix><jti> that expires at the token's own exp (PXAT, Unix ms). Its value is
--   state|platform|issuedAt|expiresAt|order|acceptedUntil|reason
-- state: l live, s superseded, k kicked, r revoked. Times are Unix ms. order: rises with every issue to one user; empty
-- if it is issuedAt. acceptedUntil and reason: empty where they mean nothing. A live token's value thus stays below the
-- 44 bytes that Redis keeps in one allocation with the value's header. Later versions may add fields at the end; they
-- are kept as they are.
--
-- The index is a sorted set jti -> expiresAt, negative once the token has been kicked or revoked: a login reads the
-- accepted ones alone, however many a busy user has behind them.
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

local function is_accepted(token)
  return token.state == 'l' or token.state == 's'
end

-- Nil for a value that is not ours: it is left alone.
local function parse(jti, value)
  local state, platform, issued_at, expires_at, order, accepted_until, reason, rest =
    string.match(value, '^(%l)|(%d+)|(%d+)|(%d+)|(%d*)|(%d*)|([^|]*)(.*)$')
  if not state then return nil end
  return {
    jti = jti, state = state, platform = tonumber(platform),
    issued_at = issued_at, expires_at = expires_at,
    order = tonumber(order) or tonumber(issued_at),
    accepted_until = accepted_until, reason = reason, rest = rest,
  }
end

local function format(token)
  local order = whole(token.order)
  if order == token.issued_at then order = '' end
  return table.concat({
    token.state, whole(token.platform), token.issued_at, token.expires_at,
    order, token.accepted_until, token.reason,
  }, '|') .. token.rest
end

-- The jtis of tokens that are live or superseded.
local function accepted_jtis(index)
  return redis.call('ZRANGEBYSCORE', index, '(' .. whole(clock()), '+inf')
end

-- Calls visit(jti, value) for each of the jtis whose token exists, and returns those whose token is gone: that is for
-- the token's key to say, never for a host's clock.
local function for_each(prefix, jtis, visit)
  local gone = {}
  in_batches(jtis, function(first, last)
    local keys = {}
    for i = first, last do keys[#keys + 1] = prefix .. jtis[i] end
    local values = redis.call('MGET', unpack(keys))
    for i, value in ipairs(values) do
      local jti = jtis[first + i - 1]
      if value then visit(jti, value) else gone[#gone + 1] = jti end
    end
  end)
  return gone
end

-- Stores a token with its own end, whatever TTL the key had, and its place in the index.
local function write(index, prefix, token)
  redis.call('SET', prefix .. token.jti, format(token), 'PXAT', token.expires_at)
  redis.call('ZADD', index, (is_accepted(token) and '' or '-') .. token.expires_at, token.jti)
end

-- Drops index entries of tokens that are gone or have expired, and lets the index live as long as the longest of the
-- others.
local function settle(index, gone)
  in_batches(gone, function(first, last)
    redis.call('ZREM', index, unpack(gone, first, last))
  end)
  local now = whole(clock())
  redis.call('ZREMRANGEBYSCORE', index, '-' .. now, now)
  local lowest = redis.call('ZRANGE', index, 0, 0, 'WITHSCORES')[2]
  local highest = redis.call('ZRANGE', index, -1, -1, 'WITHSCORES')[2]
  -- Plain PEXPIREAT: with GT it would do nothing on a key that has no TTL yet.
  if highest then redis.call('PEXPIREAT', index, whole(math.max(-tonumber(lowest), tonumber(highest)))) end
end

-- A flat list jti, value, jti, value, ...
local function reply(tokens)
  local flat = {}
  for _, token in ipairs(tokens) do
    flat[#flat + 1] = token.jti
    flat[#flat + 1] = format(token)
  end
  return flat
end

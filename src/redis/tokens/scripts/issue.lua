-- Stores a new token under the login policy: victims kicked, older tokens superseded, the new one live; or, on an error,
-- nothing.
--
-- KEYS  1 the user's live tokens
--       2 the superseded ones
--       3 the past ones
--       4 the new token's key; all token keys share the hash tag
--       5 the user's cutoffs
-- ARGV  1 prefix of the user's token keys
--       2 userID
--       3 jti
--       4 platform
--       5 issuedAt, Unix ms: also the instant at which tokens count as expired or not
--       6 expiresAt, Unix ms
--       7 deviceName, percent-encoded
--       8 acceptedUntil for the tokens that are superseded; empty: none is
--       9 jti of the one token to supersede, which must be live; empty: all live ones of the same platform
--       10 policy groups, JSON: [{"platforms":[1],"keep":0,"prefer":2}, ...]
--       11 everyone's cutoffs
--       12 mark of the signing key; may be empty
-- Reply { 1, kicked, superseded, unreadable }, the first two flat lists jti, value, exp, the last one jtis whose values
--       nobody can read; { 0 } if the token of 9 is not live
-- Error if the token exists already, or has expired by Redis's own clock

local sets, key = { live = KEYS[1], superseded = KEYS[2], past = KEYS[3] }, KEYS[4]
local prefix, user_id, jti, platform = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local now, expires_at, device_name = tonumber(ARGV[5]), tonumber(ARGV[6]), ARGV[7]
local superseded_until, renewed = ARGV[8], ARGV[9]
local groups, everyones = cjson.decode(ARGV[10]), parse_cutoffs(ARGV[11])
local own = parse_cutoffs(redis.call('GET', KEYS[5]))

local function contains(list, wanted)
  for _, item in ipairs(list) do
    if item == wanted then return true end
  end
  return false
end

-- Preferred platform first, then the newest.
local function by_right_to_stay(prefer)
  return function(a, b)
    local a_preferred, b_preferred = a.platform == prefer, b.platform == prefer
    if a_preferred ~= b_preferred then return a_preferred end
    return a.order > b.order
  end
end

-- Mirrors chooseVictims of src/tokens/policy.ts.
local function choose_victims(live)
  local victims, chosen = {}, {}
  for _, group in ipairs(groups) do
    local members = {}
    for _, token in ipairs(live) do
      if contains(group.platforms, token.platform) and not chosen[token.jti] then members[#members + 1] = token end
    end
    table.sort(members, by_right_to_stay(group.prefer))
    for i = group.keep + 1, #members do
      victims[#victims + 1] = members[i]
      chosen[members[i].jti] = true
    end
  end
  return victims
end

if redis.call('EXISTS', key) == 1 then return redis.error_reply('ERR token exists already') end
if expires_at <= clock() then
  return redis.error_reply('ERR token has expired by the clock of Redis')
end

-- A renewal looks at its predecessor alone, and where nothing is decided about others, at none.
local jtis, ends = {}, {}
if renewed ~= '' then
  jtis, ends = { renewed }, { [renewed] = end_of(sets, prefix, renewed) }
elseif #groups > 0 or superseded_until ~= '' then
  jtis, ends = live_tokens(sets)
end

local live, not_live, unreadable, order = {}, {}, {}, now
local gone = for_each(prefix, jtis, function(jti, value)
  local token = parse(jti, value, ends[jti])
  if not token then
    unreadable[#unreadable + 1] = jti
    return
  end
  if token.state ~= 'l' then not_live[#not_live + 1] = token end
  if token.state ~= 'l' or token.expires_at <= now then return end
  if login_of(token) < effective_cutoff(token.platform, own, everyones) then return end
  live[#live + 1] = token
  -- The later issue is the newer, even within one millisecond or by the slower clock of another node.
  order = math.max(order, token.order + 1)
end)

if #jtis == 0 then gone = some_gone(sets.live, prefix) end

local superseded = {}
if superseded_until ~= '' then
  for _, token in ipairs(live) do
    local is_meant = token.jti == renewed or (renewed == '' and token.platform == platform)
    if is_meant then superseded[#superseded + 1] = token end
  end
  if renewed ~= '' and #superseded == 0 then return { 0 } end
end

local kicked = choose_victims(live)
for _, token in ipairs(superseded) do
  token.state, token.accepted_until = 's', superseded_until
  if renewed ~= '' then token.successor, token.successor_end = jti, base36(expires_at) end
end
for _, token in ipairs(kicked) do
  token.state, token.accepted_until, token.reason = 'k', '', 'policy'
end

-- Whatever was cut off before, by whichever clock, does not mean this one.
local issued_at = math.max(now, effective_cutoff(platform, own, everyones))
-- A renewal goes on with its predecessor's session.
local login = ''
if renewed ~= '' then login = base36(login_of(superseded[1])) end
-- The new token first: where Redis refuses to write (memory, replica, disk), it refuses the first write.
write(sets, prefix, {
  jti = jti, state = 'l', platform = platform, issued_at = issued_at, issued_text = base36(issued_at), key = ARGV[12],
  expires_at = expires_at, order = math.max(order, issued_at),
  accepted_until = '', reason = '', last_seen = '', device = device_name, login = login, successor = '',
  successor_end = '', rest = '',
})
for _, token in ipairs(superseded) do write(sets, prefix, token) end
for _, token in ipairs(kicked) do write(sets, prefix, token) end
-- As an earlier version leaves them: no later login has to read them.
for _, token in ipairs(not_live) do place(sets, token) end
settle(sets, prefix, gone)
if #superseded + #kicked > 0 then prune_past(sets, prefix) end
if #superseded > 0 then forget_superseded(sets, prefix, now) end

publish_ended(user_id, kicked, 'policy')
if #superseded > 0 then
  local jtis = {}
  for _, token in ipairs(superseded) do jtis[#jtis + 1] = token.jti end
  publish({ kind = 'superseded', userID = user_id, jtis = jtis, acceptedUntil = superseded_until })
end
return { 1, reply(kicked), reply(superseded), unreadable }

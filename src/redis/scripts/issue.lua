-- Stores a new token under the login policy: victims kicked, older admin tokens superseded, the new one live; or, on an
-- error, nothing.
--
-- KEYS  1 the user's index
--       2 the new token's key; all token keys share the index's hash tag
-- ARGV  1 prefix of the user's token keys
--       2 jti
--       3 platform
--       4 issuedAt, Unix ms: also the instant at which tokens count as expired or not
--       5 expiresAt, Unix ms
--       6 acceptedUntil for the live tokens of the same platform, which become superseded; empty: they do not
--       7 policy groups, JSON: [{"platforms":[1],"keep":0,"prefer":2}, ...]
-- Reply { kicked, superseded }, each a flat list jti, value
-- Error if the token exists already, or has expired by Redis's own clock

local index, key = KEYS[1], KEYS[2]
local prefix, jti, platform = ARGV[1], ARGV[2], tonumber(ARGV[3])
local now, expires_at, superseded_until = tonumber(ARGV[4]), ARGV[5], ARGV[6]
local groups = cjson.decode(ARGV[7])

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
  local victims = {}
  for _, group in ipairs(groups) do
    local members = {}
    for _, token in ipairs(live) do
      if contains(group.platforms, token.platform) then members[#members + 1] = token end
    end
    table.sort(members, by_right_to_stay(group.prefer))
    for i = group.keep + 1, #members do victims[#victims + 1] = members[i] end
  end
  return victims
end

if redis.call('EXISTS', key) == 1 then return redis.error_reply('ERR token exists already') end
if tonumber(expires_at) <= clock() then
  return redis.error_reply('ERR token has expired by the clock of Redis')
end

local live, order = {}, now
local gone = for_each(prefix, accepted_jtis(index), function(jti, value)
  local token = parse(jti, value)
  if token and token.state == 'l' and tonumber(token.expires_at) > now then
    live[#live + 1] = token
    -- The later issue is the newer, even within one millisecond or by the slower clock of another node.
    order = math.max(order, token.order + 1)
  end
end)

local kicked, superseded = choose_victims(live), {}
for _, token in ipairs(kicked) do
  token.state, token.reason = 'k', 'policy'
end
if superseded_until ~= '' then
  for _, token in ipairs(live) do
    if token.platform == platform and token.state == 'l' then
      token.state, token.accepted_until = 's', superseded_until
      superseded[#superseded + 1] = token
    end
  end
end

-- The new token first: where Redis refuses to write (memory, replica, disk), it refuses the first write.
write(index, prefix, {
  jti = jti, state = 'l', platform = platform, issued_at = ARGV[4], expires_at = expires_at,
  order = order, accepted_until = '', reason = '', rest = '',
})
for _, token in ipairs(kicked) do write(index, prefix, token) end
for _, token in ipairs(superseded) do write(index, prefix, token) end
settle(index, gone)

return { reply(kicked), reply(superseded) }

-- Looks at one user's tokens as a whole, and mends what the other scripts cannot have left so: entries of the index
-- whose token is gone before its end, tokens and indexes without a TTL, tokens that the index does not have. A value that
-- nobody can read is dropped: its token is refused either way, and its owner can log in again.
--
-- KEYS  1 the user's live tokens, the index
--       2 the superseded ones
--       3 the past ones
--       4.. token keys that were found in the database; they share the index's hash tag
-- ARGV  1 prefix of the user's token keys
--       2 1 to mend, 0 to look only
--       3 Unix ms at which a token without TTL ends whose end nobody knows
-- Reply { orphaned entries, tokens without TTL, tokens not in the index, 1 if the index has no TTL, unreadable values }

local sets, index = { live = KEYS[1], superseded = KEYS[2], past = KEYS[3] }, KEYS[1]
local prefix, mends, fallback = ARGV[1], ARGV[2] == '1', tonumber(ARGV[3])
local now = clock()

local orphans = {}
local gone = for_each(prefix, redis.call('ZRANGE', index, 0, -1), function() end)
for _, jti in ipairs(gone) do
  -- One that has ended waits to be pruned, as it may.
  if math.abs(tonumber(redis.call('ZSCORE', index, jti))) * 1000 > now then orphans[#orphans + 1] = jti end
end

local endless, strays, mended, unreadable = 0, 0, {}, {}
for i = 4, #KEYS do
  local jti = string.sub(KEYS[i], #prefix + 1)
  local value, left = redis.pcall('GET', KEYS[i]), redis.call('PTTL', KEYS[i])
  local score = redis.call('ZSCORE', index, jti) or redis.call('ZSCORE', sets.past, jti)
  local expires_at = (left == -1 and not score) and fallback or end_of(sets, prefix, jti)
  local token = type(value) == 'string' and parse(jti, value, expires_at)
  if value and not token then
    unreadable[#unreadable + 1] = jti
  elseif value and (left == -1 or not score) then
    if left == -1 then endless = endless + 1 end
    if not score then strays = strays + 1 end
    mended[#mended + 1] = token
  end
end

local is_endless = redis.call('PTTL', index) == -1 and 1 or 0
if mends and (#orphans + #mended + #unreadable + is_endless > 0) then
  for _, jti in ipairs(unreadable) do
    redis.call('DEL', prefix .. jti)
    gone[#gone + 1] = jti
  end
  for _, token in ipairs(mended) do write(sets, prefix, token) end
  settle(sets, prefix, gone)
end
return { #orphans, endless, strays, is_endless, #unreadable }

-- Reads a portion of one user's tokens, readable or not, and the user's cutoffs; drops from the sets what it finds gone.
--
-- KEYS  1 the user's live tokens; the token keys share its hash tag
--       2 the superseded ones
--       3 the past ones
--       4 the user's cutoffs
-- ARGV  1 prefix of the user's token keys
--       2 how many live ones to pass over
--       3 4 order and jti of the past one after which to go on; +inf and nothing: from the newest
--       5 how many past ones to give at most
-- Reply { live ones, a flat list jti, value, exp; how many live ones to pass over next, -1: none is left; past ones, the
--       same, newest first; order and jti of the last one looked at, empty: none is left; cutoffs }
--       or { } while what an earlier version has left is being moved: to be asked again

local sets, prefix = { live = KEYS[1], superseded = KEYS[2], past = KEYS[3] }, ARGV[1]
local passed, order, after, limit = tonumber(ARGV[2]), ARGV[3], ARGV[4], tonumber(ARGV[5])
local PORTION, LOOKED_AT_MOST = 500, 1000

if move_old(sets, prefix, PORTION) == PORTION then return {} end

local function add(flat, jti, value)
  flat[#flat + 1] = jti
  flat[#flat + 1] = value
  flat[#flat + 1] = whole(end_of(sets, prefix, jti))
end

local live = {}
local jtis = redis.call('ZRANGE', sets.live, passed, passed + PORTION - 1)
local gone = for_each(prefix, jtis, function(jti, value) add(live, jti, value) end)
local next_passed = #jtis < PORTION and -1 or passed + PORTION - #gone

-- Of one order, the jti that sorts last comes first.
local past, gone_past, looked, last, is_over = {}, {}, 0, nil, false
while #past < limit * 3 and looked < LOOKED_AT_MOST and not is_over do
  local flat = redis.call('ZREVRANGEBYSCORE', sets.past, order, '-inf', 'WITHSCORES', 'LIMIT', looked, 100)
  local batch, scores = with_scores(flat)
  is_over = #batch < 100
  looked = looked + #batch
  for i, jti in ipairs(batch) do
    if #past == limit * 3 then
      is_over = false
      break
    end
    last = { whole(scores[jti]), jti }
    if after == '' or last[1] ~= order or jti < after then
      local value = redis.pcall('GET', prefix .. jti)
      if type(value) == 'table' then value = '' end
      if value then add(past, jti, value) else gone_past[#gone_past + 1] = jti end
    end
  end
end

if #gone > 0 then settle(sets, prefix, gone) end
in_batches(gone_past, function(first, last_one)
  redis.call('ZREM', sets.past, unpack(gone_past, first, last_one))
  redis.call('ZREM', sets.superseded, unpack(gone_past, first, last_one))
end)

local next_order, next_jti = '', ''
if not is_over and last then next_order, next_jti = last[1], last[2] end
return { live, next_passed, past, next_order, next_jti, redis.call('GET', KEYS[4]) or '' }

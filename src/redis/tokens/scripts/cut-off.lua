-- Moves a cutoff forward; one that is later already stays.
--
-- KEYS  1 the cutoffs: a user's or everyone's
--       2 the user's live tokens; absent for everyone
-- ARGV  1 userID, empty for everyone
--       2 platform, 0 for all
--       3 notBefore, Unix ms
--       4 Unix ms until which the cutoff is kept at least: also as long as any of them lives
-- Reply 1 if it has moved, 0 otherwise

local key, index = KEYS[1], KEYS[2]
local platform, not_before, keep_until = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])

local now = clock()
local cutoffs = parse_cutoffs(redis.call('GET', key))
-- Both clocks round down: 2 ms make up for it.
keep_until = math.max(keep_until, now + redis.call('PTTL', key), index and now + redis.call('PTTL', index) + 2 or 0)
if (cutoffs[platform] or 0) >= not_before then return 0 end
cutoffs[platform] = not_before

local pairs_text = {}
for each, instant in pairs(cutoffs) do pairs_text[#pairs_text + 1] = whole(each) .. '=' .. whole(instant) end
table.sort(pairs_text)
-- Redis asks for free memory before the first write alone, and this one needs none.
redis.call('DEL', key)
redis.call('SET', key, table.concat(pairs_text, ','), 'PXAT', whole(keep_until))
publish({
  kind = 'cutoff', userID = ARGV[1], platformID = platform, notBefore = whole(cutoffs[platform]),
})
return 1

-- Writes a token of ours into the hash where OpenIM's servers look for it, unless it is there, which then lives at least as
-- long as the token: never shorter than before, and never without an end.
--
-- KEYS  1 OpenIM's hash of the user and platform
-- ARGV  1 token
--       2 status
--       3 expiresAt, Unix ms
--       4 message for OpenIM's servers

local hash, token, status, expires_at = KEYS[1], ARGV[1], ARGV[2], tonumber(ARGV[3])

local LONGEST_MS = 3650 * 86400000
local ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

local function from_base64url(text)
  local characters, bits, count = {}, 0, 0
  for i = 1, #text do
    local digit = string.find(ALPHABET, string.sub(text, i, i), 1, true)
    if not digit then return '' end
    bits, count = bits * 64 + digit - 1, count + 6
    if count >= 8 then
      count = count - 8
      local byte = math.floor(bits / 2 ^ count)
      characters[#characters + 1], bits = string.char(byte), bits - byte * 2 ^ count
    end
  end
  return table.concat(characters)
end

-- The exp that a token claims, Unix ms; 0 if it cannot be read.
local function claimed_end(text)
  local payload = from_base64url(string.match(text, '^[^.]*%.([^.]*)%.') or '')
  return (tonumber(string.match(payload, '"exp":(%d+)')) or 0) * 1000
end

local now = clock()
if expires_at <= now then return end

local left, keep_until = redis.call('PTTL', hash), expires_at
-- Known defects 3 and 8 leave a hash without a TTL: it gets one that all tokens in it can live with.
if left == -1 then
  for _, other in ipairs(redis.call('HKEYS', hash)) do
    keep_until = math.max(keep_until, math.min(claimed_end(other), now + LONGEST_MS))
  end
end

redis.call('HSETNX', hash, token, status)
if left < 0 or now + left < keep_until then redis.call('PEXPIREAT', hash, whole(keep_until)) end
redis.call('PUBLISH', 'DELETE_CACHE_AUTH', ARGV[4])

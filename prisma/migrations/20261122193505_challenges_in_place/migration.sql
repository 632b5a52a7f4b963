-- outside a transaction
-- No statement looks for challenges by their end: they go with their attempt. Without it every change of one is made in
-- place (HOT).
DROP INDEX CONCURRENTLY IF EXISTS "challenge_expires_at_idx";

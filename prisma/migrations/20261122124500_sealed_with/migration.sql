-- outside a transaction
-- Which secret an authenticator's seed is sealed with: what an exchange of SECRETS has to seal anew is found by it.
CREATE INDEX CONCURRENTLY "credential_sealed_with_idx" ON "credential" (split_part("data", '.', 1), "id") WHERE "kind" = 'totp';

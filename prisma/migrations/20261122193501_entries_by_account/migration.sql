-- outside a transaction
-- Rows about nobody's account stand in no index of accounts.
CREATE INDEX CONCURRENTLY "audit_entry_account_idx" ON "audit_entry"("account_id", "at") WHERE "account_id" IS NOT NULL;

-- outside a transaction
DROP INDEX CONCURRENTLY IF EXISTS "audit_entry_account_id_at_idx";

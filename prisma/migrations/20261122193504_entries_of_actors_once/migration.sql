-- outside a transaction
DROP INDEX CONCURRENTLY IF EXISTS "audit_entry_actor_id_at_idx";

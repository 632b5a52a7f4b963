-- outside a transaction
-- What an administrator did is a small part of the trail: the rest need not stand in the index.
CREATE INDEX CONCURRENTLY "audit_entry_actor_idx" ON "audit_entry"("actor_id", "at") WHERE "actor_id" IS NOT NULL;

-- AlterTable
ALTER TABLE "invitation" ADD COLUMN     "client_id" TEXT;

-- CreateTable
CREATE TABLE "claimed_address" (
    "kind" TEXT NOT NULL,
    "canonical" TEXT NOT NULL,
    "account_id" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "claimed_address_pkey" PRIMARY KEY ("kind","canonical")
);

-- CreateIndex
CREATE INDEX "claimed_address_account_id_idx" ON "claimed_address"("account_id");

-- AddForeignKey
ALTER TABLE "claimed_address" ADD CONSTRAINT "claimed_address_account_id_fkey" FOREIGN KEY ("account_id") REFERENCES "account"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- Search, as in "address". Indexes of expressions are not in schema.prisma.
CREATE INDEX "claimed_address_beginning_idx" ON "claimed_address" (lower("canonical") text_pattern_ops);
CREATE INDEX "claimed_address_domain_idx" ON "claimed_address" (split_part("canonical", '@', 2) text_pattern_ops);

-- AlterTable
ALTER TABLE "attempt" ADD COLUMN     "asks" TEXT,
ADD COLUMN     "requirement" JSONB NOT NULL DEFAULT '{}',
ADD COLUMN     "sealed" TEXT;

-- CreateTable
CREATE TABLE "remembered_device" (
    "id" TEXT NOT NULL,
    "account_id" TEXT NOT NULL,
    "label" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "last_used_at" TIMESTAMPTZ(3) NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "remembered_device_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "remembered_device_account_id_idx" ON "remembered_device"("account_id");

-- CreateIndex
CREATE INDEX "credential_proven_at_created_at_idx" ON "credential"("proven_at", "created_at");

-- CreateIndex
CREATE INDEX "remembered_device_expires_at_idx" ON "remembered_device"("expires_at");

-- AddForeignKey
ALTER TABLE "remembered_device" ADD CONSTRAINT "remembered_device_account_id_fkey" FOREIGN KEY ("account_id") REFERENCES "account"("id") ON DELETE CASCADE ON UPDATE CASCADE;

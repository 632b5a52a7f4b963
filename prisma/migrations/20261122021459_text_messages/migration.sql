-- DropIndex
DROP INDEX "challenge_attempt_id_idx";

-- AlterTable
ALTER TABLE "challenge" ADD COLUMN     "chosen_at" TIMESTAMPTZ(3);

-- AlterTable
ALTER TABLE "delivery" ADD COLUMN     "cost_day" DATE,
ADD COLUMN     "cost_micros" BIGINT NOT NULL DEFAULT 0,
ADD COLUMN     "delivered_at" TIMESTAMPTZ(3),
ADD COLUMN     "receipt_id" TEXT,
ADD COLUMN     "route" TEXT,
ADD COLUMN     "target_key" TEXT;

-- CreateTable
CREATE TABLE "suppression" (
    "target_key" TEXT NOT NULL,
    "channel" TEXT NOT NULL,
    "reason" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "allowed_id" TEXT,

    CONSTRAINT "suppression_pkey" PRIMARY KEY ("target_key")
);

-- CreateTable
CREATE TABLE "spend_counter" (
    "id" TEXT NOT NULL,
    "day" DATE NOT NULL,
    "spent_micros" BIGINT NOT NULL,

    CONSTRAINT "spend_counter_pkey" PRIMARY KEY ("id","day")
);

-- CreateTable
CREATE TABLE "text_tally" (
    "id" TEXT NOT NULL,
    "hour" TIMESTAMPTZ(3) NOT NULL,
    "sent" INTEGER NOT NULL DEFAULT 0,
    "proven" INTEGER NOT NULL DEFAULT 0,

    CONSTRAINT "text_tally_pkey" PRIMARY KEY ("id","hour")
);

-- CreateIndex
CREATE INDEX "suppression_created_at_idx" ON "suppression"("created_at");

-- CreateIndex
CREATE INDEX "spend_counter_day_idx" ON "spend_counter"("day");

-- CreateIndex
CREATE INDEX "text_tally_hour_idx" ON "text_tally"("hour");

-- CreateIndex
CREATE UNIQUE INDEX "challenge_attempt_id_kind_key" ON "challenge"("attempt_id", "kind");

-- CreateIndex
CREATE INDEX "delivery_receipt_id_idx" ON "delivery"("receipt_id");

-- CreateIndex
CREATE INDEX "delivery_target_created_at_idx" ON "delivery"("target", "created_at");

-- contradicted_stages: opportunity whose `is_won`, which counts, says other than its stage, and its amount.
-- In: source_opportunities, $won_stages, $lost_stages.
SELECT opportunity_id AS id, minor_units(amount) AS amount
FROM source_opportunities
WHERE array_has($lost_stages, stage) AND TRY_CAST(is_won AS BOOLEAN) OR array_has($won_stages, stage) AND NOT TRY_CAST(is_won AS BOOLEAN)

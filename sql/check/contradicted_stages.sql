-- contradicted_stages: used opportunity whose `is_won`, which counts, says other than its stage, and its amount.
-- In: source_opportunities, opportunities (canonical), $won_stages, $lost_stages. Of repeated keys the row that is used counts.
SELECT o.opportunity_id AS id, max(minor_units(s.amount)) AS amount
FROM opportunities o JOIN source_opportunities s ON o.opportunity_id = s.opportunity_id AND o.is_won = TRY_CAST(s.is_won AS BOOLEAN)
WHERE array_has($lost_stages, lower(s.stage)) AND o.is_won OR array_has($won_stages, lower(s.stage)) AND NOT o.is_won
GROUP BY o.opportunity_id

-- contradicted_stages: used opportunity whose `is_won`, which counts, says other than its stage, and its amount.
-- In: source_opportunities, opportunities (canonical). Of repeated keys the row that is used counts, told by its flag and
-- its dates.
SELECT o.opportunity_id AS id, max(minor_units(s.amount)) AS amount
FROM opportunities o
JOIN source_opportunities s ON o.opportunity_id = s.opportunity_id AND o.is_won = TRY_CAST(s.is_won AS BOOLEAN)
WHERE (is_lost_stage(s.stage) AND o.is_won OR is_won_stage(s.stage) AND NOT o.is_won)
    AND instant_end(s.created_at) = o.created_at AND instant_end(s.closed_at) IS NOT DISTINCT FROM o.closed_at
GROUP BY o.opportunity_id

-- overdue_opportunities: stage of opportunities whose close is not after $latest although nothing says how they ended, the most
-- frequent first. They count as open.
-- In: stage_opportunities, $latest.
WITH overdue AS (
    SELECT DISTINCT opportunity_id, stage, unbooked
    FROM stage_opportunities
    WHERE is_end_unsaid AND in_scope AND reason IS NULL AND closed_at <= $latest
)
SELECT stage, count(*) AS opportunities, sum(CAST(unbooked AS DECIMAL(19, 0))) AS amount
FROM overdue
GROUP BY stage
ORDER BY opportunities DESC, stage

-- deals: those about which the runs differ; money_moved is what lines and quarters gained of the deal, or lost, whichever is more.
-- In: posted, causes (views), $quarters (null means all).
WITH by_line AS (
    SELECT deal_id, sum(after) - sum(before) AS gained
    FROM posted
    GROUP BY deal_id, fiscal_quarter, campaign_id, channel, residual
),
by_deal AS (
    SELECT
        deal_id,
        greatest(
            sum(CASE WHEN gained > 0 THEN gained ELSE 0 END), sum(CASE WHEN gained < 0 THEN -gained ELSE 0 END)
        ) AS money_moved
    FROM by_line
    GROUP BY deal_id
)
SELECT
    c.deal_id, c.account_id, c.cause, c.quarter_before, c.quarter_after, c.kind_before, c.kind_after,
    c.amount_before, c.amount_after, d.money_moved
FROM causes AS c
JOIN by_deal AS d ON d.deal_id = c.deal_id
WHERE (c.cause <> 'credited_anew' OR d.money_moved <> 0)
    AND (
        coalesce(array_has($quarters, c.quarter_before), $quarters IS NULL)
        OR coalesce(array_has($quarters, c.quarter_after), $quarters IS NULL)
    )
ORDER BY d.money_moved DESC, c.deal_id

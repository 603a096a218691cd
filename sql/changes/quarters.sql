-- quarters: quarter of close × what is booked and spent otherwise, and why; booked_before + causes = booked_after.
-- In: causes, spent, fiscal_quarters (views), $quarters (null means all).
WITH booked AS (
    SELECT quarter_before AS fiscal_quarter, cause, amount_before AS before, 0 AS after
    FROM causes
    WHERE quarter_before IS NOT NULL
    UNION ALL
    SELECT quarter_after, cause, 0, amount_after
    FROM causes
    WHERE quarter_after IS NOT NULL
),
together AS (
    SELECT fiscal_quarter, cause, before, after, 0 AS spend_before, 0 AS spend_after FROM booked
    UNION ALL
    SELECT fiscal_quarter, NULL, 0, 0, spend_before, spend_after FROM spent
),
summed AS (
    SELECT
        fiscal_quarter, sum(before) AS booked_before, sum(after) AS booked_after,
        sum(CASE cause WHEN 'added' THEN after - before ELSE 0 END) AS added,
        sum(CASE cause WHEN 'gone' THEN after - before ELSE 0 END) AS gone,
        sum(CASE cause WHEN 'moved' THEN after - before ELSE 0 END) AS moved,
        sum(CASE cause WHEN 'restated' THEN after - before ELSE 0 END) AS restated,
        sum(spend_before) AS spend_before, sum(spend_after) AS spend_after
    FROM together
    WHERE coalesce(array_has($quarters, fiscal_quarter), true)
    GROUP BY fiscal_quarter
)
SELECT
    s.fiscal_quarter, s.booked_before, s.added, s.gone, s.moved, s.restated, s.booked_after, s.spend_before, s.spend_after
FROM summed AS s
JOIN fiscal_quarters AS q ON q.fiscal_quarter = s.fiscal_quarter
WHERE s.added <> 0 OR s.gone <> 0 OR s.moved <> 0 OR s.restated <> 0 OR s.spend_before <> s.spend_after
ORDER BY q.start_date

-- lines: line × quarter of close × what it earned and cost in either run, and why; amount_before + causes = amount_after.
-- In: posted, causes, spent (views), before.dim_campaign, after.dim_campaign (marts), $quarters (null means all).
WITH earned AS (
    SELECT p.fiscal_quarter, p.campaign_id, p.channel, p.residual, c.cause, sum(p.before) AS before, sum(p.after) AS after
    FROM posted AS p
    JOIN causes AS c ON c.deal_id = p.deal_id
    WHERE coalesce(array_has($quarters, p.fiscal_quarter), true)
    GROUP BY p.fiscal_quarter, p.campaign_id, p.channel, p.residual, c.cause
),
together AS (
    SELECT fiscal_quarter, campaign_id, channel, residual, cause, before, after, 0 AS spend_before, 0 AS spend_after
    FROM earned
    UNION ALL
    SELECT fiscal_quarter, campaign_id, channel, NULL, NULL, 0, 0, spend_before, spend_after
    FROM spent
    WHERE coalesce(array_has($quarters, fiscal_quarter), true)
),
summed AS (
    SELECT
        fiscal_quarter, campaign_id, channel, residual, sum(before) AS amount_before, sum(after) AS amount_after,
        sum(CASE cause WHEN 'added' THEN after - before ELSE 0 END) AS added,
        sum(CASE cause WHEN 'gone' THEN after - before ELSE 0 END) AS gone,
        sum(CASE cause WHEN 'moved' THEN after - before ELSE 0 END) AS moved,
        sum(CASE cause WHEN 'restated' THEN after - before ELSE 0 END) AS restated,
        sum(CASE cause WHEN 'reclassified' THEN after - before ELSE 0 END) AS reclassified,
        sum(CASE cause WHEN 'credited_anew' THEN after - before ELSE 0 END) AS credited_anew,
        sum(spend_before) AS spend_before, sum(spend_after) AS spend_after
    FROM together
    GROUP BY fiscal_quarter, campaign_id, channel, residual
)
SELECT
    s.fiscal_quarter,
    CASE WHEN s.residual IS NOT NULL THEN 'residual' WHEN s.campaign_id IS NULL THEN 'no_campaign' ELSE 'campaign' END AS line,
    s.campaign_id, coalesce(a.name, b.name) AS name, s.channel, s.residual,
    s.amount_before, s.added, s.gone, s.moved, s.restated, s.reclassified, s.credited_anew, s.amount_after,
    s.spend_before, s.spend_after
FROM summed AS s
LEFT JOIN after.dim_campaign AS a ON a.campaign_id = s.campaign_id
LEFT JOIN before.dim_campaign AS b ON b.campaign_id = s.campaign_id
WHERE s.added <> 0 OR s.gone <> 0 OR s.moved <> 0 OR s.restated <> 0 OR s.reclassified <> 0 OR s.credited_anew <> 0
    OR s.spend_before <> s.spend_after
ORDER BY
    abs(s.amount_after - s.amount_before) DESC, abs(s.spend_after - s.spend_before) DESC,
    s.fiscal_quarter, s.campaign_id, s.channel, s.residual

using System.Globalization;

namespace Lifeboat.Postgres.Format;

/// <summary>
/// A transaction id of 32 bits, which wraps around: it has no order but the one among ids in use at one time.
/// </summary>
public readonly record struct TransactionId(uint Value)
{
    /// <summary>InvalidTransactionId: no transaction.</summary>
    public static readonly TransactionId Invalid;

    private const uint FirstNormal = 3;

    public bool IsValid => Value != 0;

    /// <summary>Not one of the three reserved ids (invalid, bootstrap, frozen).</summary>
    public bool IsNormal => Value >= FirstNormal;

    /// <summary>Whether it was given out earlier, for two normal ids less than 2^31 apart (transam.h).</summary>
    public bool Precedes(TransactionId other) =>
        IsNormal && other.IsNormal ? unchecked((int)(Value - other.Value)) < 0 : Value < other.Value;

    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture);
}

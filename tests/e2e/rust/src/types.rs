//! Rows of every type, nulls and extremes included, through every compression, and back. This client reads and writes
//! logs in the ARROW format only.

use crate::behaviours;
use crate::expect::{equal, Done, Failure};
use crate::rows::{append, read_all};
use crate::runner::Behaviour;
use crate::session::Session;
use bigdecimal::BigDecimal;
use fluss::metadata::{DataField, DataTypes, Schema, SchemaBuilder, TableDescriptor};
use fluss::row::{
    Date, Datum, Decimal, FlussArray, FlussArrayWriter, FlussMapWriter, GenericRow, Time, TimestampLtz, TimestampNtz,
};
use std::str::FromStr;

pub fn behaviours() -> Vec<Behaviour> {
    behaviours! {
        "scalar types keep their rows: ARROW NONE" => scalars_plain,
        "scalar types keep their rows: ARROW LZ4_FRAME" => scalars_lz4,
        "scalar types keep their rows: ARROW ZSTD" => scalars_zstd,
        "nested types keep their rows: ARROW NONE" => nested_plain,
        "nested types keep their rows: ARROW LZ4_FRAME" => nested_lz4,
        "nested types keep their rows: ARROW ZSTD" => nested_zstd,
    }
}

pub fn scalars() -> SchemaBuilder {
    Schema::builder()
        .column("boolean", DataTypes::boolean())
        .column("tinyint", DataTypes::tinyint())
        .column("smallint", DataTypes::smallint())
        .column("int", DataTypes::int())
        .column("bigint", DataTypes::bigint())
        .column("float", DataTypes::float())
        .column("double", DataTypes::double())
        .column("char", DataTypes::char(5))
        .column("string", DataTypes::string())
        .column("decimal_compact", DataTypes::decimal(9, 2))
        .column("decimal", DataTypes::decimal(38, 10))
        .column("date", DataTypes::date())
        .column("time_s", DataTypes::time_with_precision(0))
        .column("time_ms", DataTypes::time_with_precision(3))
        .column("timestamp_s", DataTypes::timestamp_with_precision(0))
        .column("timestamp_ms", DataTypes::timestamp_with_precision(3))
        .column("timestamp_us", DataTypes::timestamp_with_precision(6))
        .column("timestamp_ns", DataTypes::timestamp_with_precision(9))
        .column("ltz_ms", DataTypes::timestamp_ltz_with_precision(3))
        .column("ltz_ns", DataTypes::timestamp_ltz_with_precision(9))
        .column("binary", DataTypes::binary(4))
        .column("bytes", DataTypes::bytes())
        .column("required", DataTypes::int().as_non_nullable())
}

pub fn nested() -> SchemaBuilder {
    let inner = DataTypes::row(vec![DataField::new("y", DataTypes::decimal(9, 2), None)]);
    let row = DataTypes::row(vec![
        DataField::new("x", DataTypes::double(), None),
        DataField::new("tags", DataTypes::array(DataTypes::string()), None),
        DataField::new("inner", inner, None),
    ]);
    Schema::builder()
        .column("ints", DataTypes::array(DataTypes::int()))
        .column("strings", DataTypes::array(DataTypes::array(DataTypes::string())))
        .column("map", DataTypes::map(DataTypes::string().as_non_nullable(), DataTypes::bigint()))
        .column("row", row)
        .column("id", DataTypes::int())
}

fn scalar_row(i: i32) -> Result<GenericRow<'static>, Failure> {
    let millis = 1_700_000_000_000 + i64::from(i);
    let decimal = BigDecimal::from_str("-12345678901234567890.12345")? * BigDecimal::from(i);
    Ok(GenericRow {
        values: vec![
            (i % 2 == 0).into(),
            (i as i8).into(),
            ((i * 100) as i16).into(),
            (i * 10_000).into(),
            (i64::from(i) * 10_000_000_000).into(),
            (i as f32 / 2.0).into(),
            (f64::from(i) / 3.0).into(),
            format!("ch{}", i % 1000).into(),
            format!("naïve 名 {}", "x".repeat(i as usize % 7)).into(),
            Decimal::from_unscaled_long(i64::from(i) * 100 - 5, 9, 2)?.into(),
            Decimal::from_big_decimal(decimal, 38, 10)?.into(),
            Date::new(19_000 + i).into(),
            Time::new(i * 1000).into(),
            Time::new(i * 1000 + 789).into(),
            TimestampNtz::new(millis / 1000 * 1000).into(),
            TimestampNtz::new(millis).into(),
            TimestampNtz::from_millis_nanos(millis, 456_000)?.into(),
            TimestampNtz::from_millis_nanos(millis, 456_789)?.into(),
            TimestampLtz::new(millis).into(),
            TimestampLtz::from_millis_nanos(millis, 123_456)?.into(),
            vec![1, 0, 3, (i | 1) as u8].into(),
            format!("bytes{i}").into_bytes().into(),
            i.into(),
        ],
    })
}

fn extremes(smallest: bool) -> Result<GenericRow<'static>, Failure> {
    let mut row = scalar_row(1)?;
    row.set_field(1, if smallest { i8::MIN } else { i8::MAX });
    row.set_field(2, if smallest { i16::MIN } else { i16::MAX });
    row.set_field(3, if smallest { i32::MIN } else { i32::MAX });
    row.set_field(4, if smallest { i64::MIN } else { i64::MAX });
    row.set_field(5, if smallest { f32::NAN } else { f32::MAX });
    row.set_field(6, if smallest { f64::NEG_INFINITY } else { f64::from_bits(1) });
    row.set_field(8, if smallest { String::new() } else { "long ".repeat(20_000) });
    let nines = format!("{}{}", if smallest { "-" } else { "" }, "9".repeat(28));
    row.set_field(10, Decimal::from_big_decimal(BigDecimal::from_str(&nines)?, 38, 10)?);
    row.set_field(11, Date::new(if smallest { -719_162 } else { 2_932_896 }));
    row.set_field(15, TimestampNtz::new(if smallest { -62_135_596_800_000 } else { 253_402_300_799_999 }));
    row.set_field(21, if smallest { vec![] } else { vec![0; 70_000] });
    Ok(row)
}

fn strings(values: &[Option<&str>]) -> Result<FlussArray, Failure> {
    let mut array = FlussArrayWriter::new(values.len(), &DataTypes::string());
    for (i, value) in values.iter().enumerate() {
        match value {
            Some(value) => array.write_string(i, value),
            None => array.set_null_at(i),
        }
    }
    Ok(array.complete()?)
}

fn nested_row(i: i32) -> Result<GenericRow<'static>, Failure> {
    let mut ints = FlussArrayWriter::new(3, &DataTypes::int());
    ints.write_int(0, i);
    ints.set_null_at(1);
    ints.write_int(2, -i);
    let mut lists = FlussArrayWriter::new(2, &DataTypes::array(DataTypes::string()));
    lists.write_array(0, &strings(&[Some(&format!("a{i}")), None])?);
    lists.write_array(1, &strings(&[])?);
    let mut map = FlussMapWriter::new(1, &DataTypes::string().as_non_nullable(), &DataTypes::bigint());
    map.write_entry(format!("k{i}").into(), i64::from(i).into())?;
    let inner = GenericRow { values: vec![Decimal::from_unscaled_long(i64::from(i), 9, 2)?.into()] };
    let tags = strings(&[Some("tag"), Some(&"x".repeat(i as usize % 50))])?;
    let row = GenericRow { values: vec![(f64::from(i) / 4.0).into(), tags.into(), Datum::Row(Box::new(inner))] };
    Ok(GenericRow {
        values: vec![
            ints.complete()?.into(),
            lists.complete()?.into(),
            map.complete()?.into(),
            Datum::Row(Box::new(row)),
            i.into(),
        ],
    })
}

async fn scalars_plain(session: &Session) -> Done {
    scalars_kept(session, "NONE").await
}

async fn scalars_lz4(session: &Session) -> Done {
    scalars_kept(session, "LZ4_FRAME").await
}

async fn scalars_zstd(session: &Session) -> Done {
    scalars_kept(session, "ZSTD").await
}

async fn nested_plain(session: &Session) -> Done {
    nested_kept(session, "NONE").await
}

async fn nested_lz4(session: &Session) -> Done {
    nested_kept(session, "LZ4_FRAME").await
}

async fn nested_zstd(session: &Session) -> Done {
    nested_kept(session, "ZSTD").await
}

async fn scalars_kept(session: &Session, compression: &str) -> Done {
    let mut rows = Vec::new();
    for i in 0..300 {
        let mut row = scalar_row(i)?;
        if i % 10 == 3 {
            row.values[..22].fill(Datum::Null);
        }
        rows.push(row);
    }
    rows.push(extremes(true)?);
    rows.push(extremes(false)?);
    kept(session, scalars(), compression, rows).await
}

async fn nested_kept(session: &Session, compression: &str) -> Done {
    let mut rows = Vec::new();
    for i in 0..200 {
        rows.push(if i % 10 == 3 { GenericRow::new(5) } else { nested_row(i)? });
    }
    kept(session, nested(), compression, rows).await
}

/// Two batches: one of few rows, which leaves compression nothing to gain, and one of many.
async fn kept(session: &Session, schema: SchemaBuilder, compression: &str, rows: Vec<GenericRow<'_>>) -> Done {
    let table = TableDescriptor::builder()
        .schema(schema.build()?)
        .distributed_by(Some(1), vec![])
        .property("table.log.arrow.compression.type", compression);
    let table = session.open(table).await?;
    append(&table, &rows[..2]).await?;
    append(&table, &rows[2..]).await?;
    for (found, row) in read_all(&table, rows.len()).await?.into_iter().zip(rows) {
        for (i, (got, wanted)) in found.values.into_iter().zip(row.values).enumerate() {
            equal(&format!("row {} column {i}", found.offset), got, wanted)?;
        }
    }
    Ok(())
}
